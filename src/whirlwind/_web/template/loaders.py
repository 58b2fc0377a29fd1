"""Where templates come from, and where they are kept.

Layer: web.
"""

from __future__ import annotations

import os
import posixpath
import threading
from typing import Any

from whirlwind._web.template.errors import ParseError
from whirlwind._web.template.template import DEFAULT_AUTOESCAPE, Template


class BaseLoader:
    """Finds templates by name and keeps them, compiled, until it is reset.

    A loader of your own defines ``resolve_path`` and ``_create_template``. One loader may be used
    by several threads.

    Args:
        autoescape: Name of the function through which expressions go out; None for none.
        namespace: Names that all templates of this loader find.
        whitespace: The mode for all of them; None chooses by their names.

    Attributes:
        autoescape: As given.
        namespace: As given.
        whitespace: As given.
        templates: The templates loaded so far, by their full names.
        lock: Held while templates are loaded or dropped.
    """

    def __init__(
        self,
        autoescape: str | None = DEFAULT_AUTOESCAPE,
        namespace: dict[str, Any] | None = None,
        whitespace: str | None = None,
    ) -> None:
        self.autoescape = autoescape
        self.namespace: dict[str, Any] = namespace or {}
        self.whitespace = whitespace
        self.templates: dict[str, Template] = {}
        # Loading one template loads those that it needs, in the same thread.
        self.lock = threading.RLock()
        self._loading: list[str] = []

    def reset(self) -> None:
        """Forget every template, so that changed sources are read again."""
        with self.lock:
            self.templates = {}

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return the full name of a template, under which it is kept.

        Args:
            name: As it stands in the program or in a directive.
            parent_path: Full name of the template in which the directive stands.
        """
        raise NotImplementedError

    def load(self, name: str, parent_path: str | None = None) -> Template:
        """Return a template, the same object each time.

        Args:
            name: Its name, relative to the template that asks for it.
            parent_path: Full name of that template; None if a program asks.

        Raises:
            ParseError: The template is broken, or includes or extends itself.
        """
        name = self.resolve_path(name, parent_path=parent_path)
        with self.lock:
            template = self.templates.get(name)
            if template is None:
                if name in self._loading:
                    path = " -> ".join([*self._loading[self._loading.index(name) :], name])
                    raise ParseError(f"template includes or extends itself ({path})", name)
                self._loading.append(name)
                try:
                    template = self._create_template(name)
                finally:
                    self._loading.pop()
                self.templates[name] = template
            return template

    def _create_template(self, name: str) -> Template:
        """Make the template with this full name; called once for each."""
        raise NotImplementedError


class Loader(BaseLoader):
    """Loads templates from a directory.

    Args:
        root_directory: The directory; names are relative to it.
        **kwargs: As for ``BaseLoader``.

    Attributes:
        root: The directory's absolute path.
    """

    def __init__(self, root_directory: str | os.PathLike[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.root = os.path.abspath(root_directory)

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return a template's path below the root; in a template, names are relative to it.

        Args:
            name: A path; one that is absolute is kept.
            parent_path: The template in which the directive stands; None, a string template
                (``<…>``) or an absolute path leave the name as it is.
        """
        if parent_path and not parent_path.startswith(("<", "/")) and not name.startswith("/"):
            directory = os.path.dirname(os.path.join(self.root, parent_path))
            path = os.path.abspath(os.path.join(directory, name))
            if path.startswith(self.root + os.sep):
                return path[len(self.root) + 1 :]
        return name

    def _create_template(self, name: str) -> Template:
        with open(os.path.join(self.root, name), "rb") as source:
            return Template(source.read(), name=name, loader=self)


class DictLoader(BaseLoader):
    """Loads templates from a dict, for tests and small programs.

    Args:
        dict: For each name the template's source.
        **kwargs: As for ``BaseLoader``.

    Attributes:
        dict: As given; changes show after ``reset``.
    """

    def __init__(self, dict: dict[str, str | bytes], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dict = dict

    def resolve_path(self, name: str, parent_path: str | None = None) -> str:
        """Return a template's name; in a template, names are relative to its own.

        Args:
            name: A path with slashes; one that begins with a slash is kept.
            parent_path: The template in which the directive stands.
        """
        if parent_path and not parent_path.startswith(("<", "/")) and not name.startswith("/"):
            return posixpath.normpath(posixpath.join(posixpath.dirname(parent_path), name))
        return name

    def _create_template(self, name: str) -> Template:
        return Template(self.dict[name], name=name, loader=self)
