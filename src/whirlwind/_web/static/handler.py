"""``StaticFileHandler``: files of a directory, as they are.

Layer: web. Imports from ``_base``, ``_engine`` and within ``_web``.

Theory of operation
-------------------
``get`` calls one method after the other, each of which subclasses replace: which path is meant
(``parse_url_path``, ``get_absolute_path``), may it be shown (``validate_absolute_path``), what is
said about it (``set_headers`` and what that calls), has the client got it (``should_return_304``),
how much of it is there (``get_content_size``), and the bytes (``get_content``). The order, the
arguments and the attributes are a contract. What each decides stands in the files beside this one.

Where ``get_content`` is the stock one, the file is opened once, before anything is said about it:
what is measured, dated and sent is then one and the same file, even if somebody puts another in
its place meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import os
import stat
import threading
from collections.abc import Generator, Iterable
from datetime import UTC, datetime, timedelta
from types import MethodType
from typing import Any, ClassVar, Final

from whirlwind._base.limits import (
    FILE_PIECE_SIZE,
    MAX_CACHED_VERSIONS,
    MAX_VERSION_CONTENT_SIZE,
    WHOLE_FILE_SIZE,
)
from whirlwind._base.log import gen_log
from whirlwind._engine.coroutine import coroutine
from whirlwind._net.stream_errors import StreamClosedError
from whirlwind._web.errors import HTTPError
from whirlwind._web.handler import RequestHandler
from whirlwind._web.static.opened_file import OpenedFile
from whirlwind._web.static.paths import (
    contains,
    directories,
    leads_elsewhere_on_windows,
    looks_like_host,
    plain_status,
    stays_inside,
)
from whirlwind._web.static.ranges import part_wanted, range_counts
from whirlwind._web.static.sending import send_content, send_file
from whirlwind._web.static.times import unmodified_since
from whirlwind._web.static.versions import Looks, look_of

_WINDOWS: Final = os.name == "nt"


class StaticFileHandler(RequestHandler):
    """Answers with files of a directory; the rule's pattern has one group, the path below it.

    >>> rule = (r"/files/(.*)", StaticFileHandler, {"path": "/srv/files"})

    Setting ``static_path`` makes such a rule, and ``static_url`` then makes URLs for it. Derive
    from it for files that are found elsewhere: each method says what it is there for. Those that
    are class methods must not depend on a request, since URLs are made without one.

    Args of ``initialize``:
        path: The directory.
        default_filename: What answers for a directory, ``"index.html"`` for example; None
            refuses directories.
        allowed_symlink_directory: A directory outside of ``path``, or several, that symbolic links
            may lead to; None for no such links.

    Attributes:
        root: The directory, as ``path``.
        path: The path below it that was asked for, with the system's separators.
        absolute_path: The file, as ``validate_absolute_path`` returned it.
        modified: When it was last modified; None if that is not known.
        CACHE_MAX_AGE: Seconds that a URL with a version is good for: ten years.
        MAX_CACHED_VERSIONS: Files whose version is remembered.
        MAX_VERSION_CONTENT_SIZE: Largest content that is read for a version, in bytes; what is
            larger has none, and no Etag.
    """

    CACHE_MAX_AGE = 86400 * 365 * 10
    MAX_CACHED_VERSIONS = MAX_CACHED_VERSIONS
    MAX_VERSION_CONTENT_SIZE = MAX_VERSION_CONTENT_SIZE

    # Shared by subclasses, under the names that programs know.
    _static_hashes: ClassVar[dict[str, str | None]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()
    _looks: ClassVar[Looks] = Looks()

    # Subclasses may have an ``initialize`` that does not call ours.
    root: Any
    path: str
    default_filename: str | None = None
    allowed_symlink_directory: str | Iterable[str] | None = None
    absolute_path: str | None = None
    modified: datetime | None = None
    _stat_result: os.stat_result | None = None
    _unlinked = False  # no symbolic link leads to the file: see OpenedFile

    def initialize(
        self,
        path: str,
        default_filename: str | None = None,
        allowed_symlink_directory: str | Iterable[str] | None = None,
    ) -> None:
        self.root = path
        self.default_filename = default_filename
        self.allowed_symlink_directory = allowed_symlink_directory

    # --- answering ---

    def head(self, path: str) -> Any:
        return self.get(path, include_body=False)

    async def get(self, path: str, include_body: bool = True) -> None:
        """Answer with a file, or with a part of it.

        Args:
            path: The path below the root, from the URL.
            include_body: False for the head alone.
        """
        # A native coroutine, as in Tornado: decorators of programs wait for what is one, and for
        # nothing else, and an error in a future that nobody waits for would be lost.
        await self._serve(path, include_body)

    @coroutine
    def _serve(self, path: str, include_body: bool) -> Generator[Any, Any, None]:
        if not self.settings.get("static_hash_cache", True):
            self.reset()
        self.path = self.parse_url_path(path)
        absolute_path = self.get_absolute_path(self.root, self.path)
        self.absolute_path = self.validate_absolute_path(self.root, absolute_path)
        if self.absolute_path is None:
            return  # answered otherwise, with a redirect for example
        file: OpenedFile | None = None
        if include_body and _has_stock_content(type(self)):
            file = OpenedFile(self.absolute_path, follow=not self._unlinked)
            self._stat_result = file.status
        try:
            if file is not None and file.status.st_size > WHOLE_FILE_SIZE:
                waiting = self._version_in_thread()
                if waiting is not None:
                    yield waiting
            yield from self._answer(file, include_body)
        finally:
            if file is not None:
                file.close()

    def _answer(self, file: OpenedFile | None, include_body: bool) -> Generator[Any, Any, None]:
        path: Any = self.absolute_path
        self.modified = self.get_modified_time()
        self.set_headers()
        if self.should_return_304():
            self.set_status(304)
            return
        size = self.get_content_size()
        fields = self.request.headers
        part = None
        if "Range" in fields and range_counts(
            fields.get("If-Range"), self._headers.get("Etag"), self.modified
        ):
            part = part_wanted(fields["Range"], size)
        if part is not None:
            self.set_header("Content-Range", part.content_range())
            if not part.satisfiable:
                self.set_status(416)
                return
            self.set_status(206)
        start, stop = (0, size) if part is None else (part.start, part.stop)
        self.set_header("Content-Length", stop - start)
        try:
            if not include_body:
                # Not left to finish(), which would look at the Etag for itself. Not waited for
                # either, as in Tornado: nothing follows that would have to wait for the client.
                self.flush()
            elif file is not None:
                yield send_file(self, file, start, stop - start)
            elif part is None:
                yield send_content(self, self.get_content(path, None, None))
            else:
                yield send_content(self, self.get_content(path, start, stop))
        except StreamClosedError:
            return  # the client is gone: nobody to tell

    def set_headers(self) -> None:
        """Set the header of the answer, from what the other methods say; override to add to it."""
        self.set_header("Accept-Ranges", "bytes")
        self.set_etag_header()
        if self.modified is not None:
            self.set_header("Last-Modified", self.modified)
        content_type = self.get_content_type()
        if content_type:
            self.set_header("Content-Type", content_type)
        seconds = self.get_cache_time(self.path, self.modified, content_type)
        if seconds > 0:
            expires = datetime.fromtimestamp(self.request._start_time, UTC)
            self.set_header("Expires", expires + timedelta(seconds=seconds))
            self.set_header("Cache-Control", f"max-age={seconds}")
        self.set_extra_headers(self.path)

    def should_return_304(self) -> bool:
        """True if the client has the file already, by what its request says.

        Source: RFC 9110, section 13.2.2: If-None-Match first, If-Modified-Since without it only.
        """
        fields = self.request.headers
        if fields.get("If-None-Match"):
            return self.check_etag_header()
        since = fields.get("If-Modified-Since")
        return since is not None and unmodified_since(since, self.modified)

    def compute_etag(self) -> str | None:
        """Return the version of the content as an entity tag; None for a file without version."""
        if self.absolute_path is None:
            return None
        version = self._get_cached_version(self.absolute_path)
        return None if version is None else f'"{version}"'

    def set_extra_headers(self, path: str) -> None:
        """Override to set further headers of a file's answer.

        Args:
            path: As attribute ``path``.
        """

    def get_cache_time(self, path: str, modified: datetime | None, mime_type: str) -> int:
        """Return how long browsers and proxies may use the file without asking again.

        Args:
            path: As attribute ``path``.
            modified: As attribute ``modified``.
            mime_type: What ``get_content_type`` returned.

        Returns:
            Seconds; 0 to say nothing about it. ``CACHE_MAX_AGE`` if the URL has a version, which
            changes with the content.
        """
        return self.CACHE_MAX_AGE if "v" in self.request.query_arguments else 0

    # --- which file ---

    def parse_url_path(self, url_path: str) -> str:
        """Return the path below the root for one of a URL; override to rewrite paths.

        Args:
            url_path: What the rule's group matched, unescaped, with ``/`` between its parts.

        Returns:
            The same with the system's separators.
        """
        return url_path if os.sep == "/" else url_path.replace("/", os.sep)

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Return where a file is; override for files in several places, or in none.

        Args:
            root: What ``initialize`` was given as ``path``, or setting ``static_path``.
            path: The path below it.

        Returns:
            An absolute path, or another string that ``validate_absolute_path`` and
            ``get_content`` understand. The file need not exist.

        Raises:
            HTTPError: 403, the path leads out of the root.
        """
        absolute_path = os.path.abspath(os.path.join(root, path))
        if (_WINDOWS and leads_elsewhere_on_windows(path)) or not contains(
            os.path.abspath(root), absolute_path
        ):
            raise HTTPError(403, "%s is not in root static directory", path)
        return absolute_path

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Return the file to answer with, or refuse; override to allow more or less.

        Args:
            root: What ``initialize`` was given as ``path``.
            absolute_path: What ``get_absolute_path`` returned.

        Returns:
            The file: ``absolute_path``, or ``default_filename`` in it. None if the request was
            answered, with a redirect to the directory's own URL for example.

        Raises:
            HTTPError: 403, the file is outside of the root or no regular file; 404, there is none.
        """
        top = os.path.abspath(root)
        self._unlinked = False
        status = self._status_inside(top, absolute_path)
        if (
            status is not None
            and stat.S_ISDIR(status.st_mode)
            and self.default_filename is not None
        ):
            url = self.request.path
            if not url.endswith("/"):
                if looks_like_host(url):
                    raise HTTPError(403, "cannot redirect path with two initial slashes")
                self.redirect(url + "/", permanent=True)
                return None
            absolute_path = os.path.join(absolute_path, self.default_filename)
            status = self._status_inside(top, absolute_path)
        if status is None:
            raise HTTPError(404)
        if not stat.S_ISREG(status.st_mode):
            raise HTTPError(403, "%s is not a file", self.path)
        self._stat_result = status
        return absolute_path

    def _status_inside(self, top: str, absolute_path: str) -> os.stat_result | None:
        """Return the status of a file that may be shown; None if there is none.

        Whether there is one is not told of places that may not be shown.

        Raises:
            HTTPError: 403, it is outside of the root.
        """
        normal = os.path.abspath(absolute_path)
        inside = contains(top, normal)
        if inside and "\0" in normal:
            return None  # a name that no file can have
        if inside and normal == absolute_path:
            status = plain_status(top, normal)
            if status is not None:
                self._unlinked = True
                return status
        self._unlinked = False
        if not inside or not stays_inside(
            top, absolute_path, directories(self.allowed_symlink_directory)
        ):
            raise HTTPError(403, "%s is not in root static directory", self.path)
        try:
            return os.stat(absolute_path)
        except (OSError, ValueError):
            return None

    # --- what it is ---

    def _stat(self) -> os.stat_result:
        status = self._stat_result
        if status is None:
            assert self.absolute_path is not None
            status = self._stat_result = os.stat(self.absolute_path)
        return status

    def get_content_size(self) -> int:
        """Return the size of the whole content in bytes; override along with ``get_content``."""
        return self._stat().st_size

    def get_modified_time(self) -> datetime | None:
        """Return when the content was last modified, to the second; None if that is not known."""
        try:
            return datetime.fromtimestamp(int(self._stat().st_mtime), UTC)
        except (OverflowError, ValueError, OSError):
            return None  # file systems know dates that calendars do not

    def get_content_type(self) -> str:
        """Return the media type, by the file's name; "" for the one that handlers start with.

        Raises nothing: what is not known is ``application/octet-stream``, and so is what is
        compressed in another way than with gzip, which would be unpacked if it had the type of
        what is in it.
        """
        media_type, encoding = mimetypes.guess_type(str(self.absolute_path))
        if encoding == "gzip":
            return "application/gzip"
        if encoding is not None or media_type is None:
            return "application/octet-stream"
        return media_type

    @classmethod
    def get_content(
        cls, abspath: str, start: int | None = None, end: int | None = None
    ) -> bytes | Iterable[bytes]:
        """Return the content of a file; override for content that is in no file.

        Args:
            abspath: What ``validate_absolute_path`` returned.
            start: First byte; None for the beginning.
            end: The byte after the last one; None for the end.

        Returns:
            Bytes, or an iterable of pieces, which is asked for the next one when the client has
            room for it.

        Raises:
            HTTPError: 404, there is no such file; 403, it is no regular file. The stock one raises
                when the first piece is asked for.
        """
        return _pieces(abspath, start or 0, end)

    @classmethod
    def get_content_version(cls, abspath: str) -> str:
        """Return a text that is another for other content; override where one is known.

        Args:
            abspath: As for ``get_content``.

        Returns:
            Letters and digits; the stock one is the SHA-512 of ``get_content``, as Tornado's.

        Raises:
            ValueError: The content is larger than ``MAX_VERSION_CONTENT_SIZE``.
        """
        content = cls.get_content(abspath)
        digest = hashlib.sha512()
        size = 0
        for piece in [content] if isinstance(content, bytes) else content:
            size += len(piece)
            if size > cls.MAX_VERSION_CONTENT_SIZE:
                raise ValueError(
                    "content is larger than MAX_VERSION_CONTENT_SIZE "
                    f"({cls.MAX_VERSION_CONTENT_SIZE} bytes)"
                )
            digest.update(piece)
        return digest.hexdigest()

    # --- versions ---

    @classmethod
    def make_static_url(
        cls, settings: dict[str, Any], path: str, include_version: bool = True
    ) -> str:
        """Return the URL of a file; override along with ``get_version`` and ``parse_url_path``.

        Args:
            settings: The application's settings.
            path: The path below setting ``static_path``.
            include_version: Add ``?v=`` and the version, so that the URL changes with the content.

        Returns:
            A URL without a host. Without a version if the file has none.

        Raises:
            HTTPError: 403, the path leads out of ``static_path``.
        """
        url = str(settings.get("static_url_prefix", "/static/")) + path
        if not include_version:
            return url
        version = cls.get_version(settings, path)
        return f"{url}?v={version}" if version else url

    @classmethod
    def get_version(cls, settings: dict[str, Any], path: str) -> str | None:
        """Return the version of a file for its URL; None, and an error in the log, for none.

        Args:
            settings: The application's settings, of which ``static_path`` is needed.
            path: The path below it.

        Raises:
            HTTPError: 403, the path leads out of ``static_path``.
        """
        root = settings["static_path"]
        abspath = cls.get_absolute_path(root, path)
        # Whoever finds files in another way may have a setting of another kind: a list of folders.
        if (
            _function(cls.get_absolute_path) is _stock_absolute_path
            and cls.validate_absolute_path is _stock_validate
            and plain_status(top := os.path.abspath(root), abspath) is None
            and os.path.isfile(abspath)
        ):
            arguments = settings.get("static_handler_args") or {}
            allowed = directories(arguments.get("allowed_symlink_directory"))
            if not stays_inside(top, abspath, allowed):
                # It would not be shown either, and a version tells what is in it.
                gen_log.error("Could not open static file %r: it leads out of %r", abspath, top)
                return None
        return cls._get_cached_version(abspath)

    @classmethod
    def reset(cls) -> None:
        """Forget all versions; with setting ``static_hash_cache`` False nothing is remembered."""
        with cls._lock:
            cls._static_hashes.clear()
            cls._looks.clear()

    @classmethod
    def _get_cached_version(cls, abs_path: str) -> str | None:
        look = look_of(abs_path)
        with cls._lock:
            known, version = cls._looks.recall(cls._static_hashes, abs_path, look)
        if known:
            return version
        try:
            # Without the lock: a large file takes its time, in a thread (_version_in_thread).
            version = cls.get_content_version(abs_path)
        except Exception as error:
            gen_log.error("Could not open static file %r: %s", abs_path, error)
            version = None
        with cls._lock:
            cls._looks.remember(
                cls._static_hashes, abs_path, look, version, cls.MAX_CACHED_VERSIONS
            )
        return version

    def _version_in_thread(self) -> asyncio.Future[Any] | None:
        """Have the version of a large file computed before ``compute_etag`` asks for it."""
        kind = type(self)
        path = self.absolute_path
        if (
            path is None
            or kind.compute_etag is not _stock_compute_etag
            or _function(kind.get_content_version) is not _stock_content_version
            or _function(kind._get_cached_version) is not _stock_cached_version
        ):
            return None
        look = look_of(path)
        with kind._lock:
            known, _ = kind._looks.recall(kind._static_hashes, path, look)
        if known:
            return None
        return asyncio.get_running_loop().run_in_executor(None, kind._get_cached_version, path)


def _pieces(path: str, start: int, end: int | None) -> Generator[bytes, None, None]:
    with OpenedFile(path) as file:
        while end is None or start < end:
            size = FILE_PIECE_SIZE if end is None else min(FILE_PIECE_SIZE, end - start)
            piece = file.read(size, start)
            if not piece:
                return
            start += len(piece)
            yield piece


def _function(method: Any) -> Any:
    # Of a class method; a plain function, a static method or an agent's wrapper has none.
    return method.__func__ if type(method) is MethodType else None


_stock_content: Final = _function(StaticFileHandler.get_content)
_stock_content_version: Final = _function(StaticFileHandler.get_content_version)
_stock_cached_version: Final = _function(StaticFileHandler._get_cached_version)
_stock_absolute_path: Final = _function(StaticFileHandler.get_absolute_path)
_stock_validate: Final = StaticFileHandler.validate_absolute_path
_stock_compute_etag: Final = StaticFileHandler.compute_etag


def _has_stock_content(kind: type[StaticFileHandler]) -> bool:
    return _function(kind.get_content) is _stock_content
