"""One template, ready to be filled in.

Layer: web.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from whirlwind._base.escape import to_unicode
from whirlwind._web.template.compilation import compile_template
from whirlwind._web.template.generation import ENTRY, generate
from whirlwind._web.template.output import NAMESPACE
from whirlwind._web.template.parser import parse
from whirlwind._web.template.whitespace import mode_for

if TYPE_CHECKING:
    from whirlwind._web.template.loaders import BaseLoader

DEFAULT_AUTOESCAPE: Final = "xhtml_escape"


class _Unset(enum.Enum):
    UNSET = enum.auto()


UNSET: Final = _Unset.UNSET


class Template:
    """A template: text with Python in it.

    Make one of a string directly, or let a loader make it of a file; only with a loader can it
    extend and include others. It is compiled when it is made, so that mistakes show then.

    Args:
        template_string: The template's source, text or UTF-8 bytes.
        name: For errors and tracebacks; its ending also chooses ``whitespace``.
        loader: Finds the templates that this one extends and includes, and gives defaults for
            autoescape, whitespace and the namespace.
        compress_whitespace: The old form of ``whitespace``: True is ``"single"``, False ``"all"``.
        autoescape: Name of the function through which expressions go out; None for none. By
            default the loader's, else ``"xhtml_escape"``.
        whitespace: ``"all"``, ``"single"`` or ``"oneline"`` (see ``filter_whitespace``). By
            default the loader's, else ``"single"`` for ``.html`` and ``.js``, ``"all"`` for others.

    Attributes:
        name: As given.
        loader: As given.
        namespace: Names that the loader gives to its templates.
        autoescape: The function that holds at the template's end.
        file: The parsed template.
        code: The generated Python, to look at.
        compiled: Its code object; the line numbers in it are the template's.

    Raises:
        ParseError: The template breaks the language's rules, or one that it needs does.
        SyntaxError: It holds Python that does not compile; the error is a ParseError as well.
        TypeError: Both ``whitespace`` and ``compress_whitespace`` were given.
        ValueError: There is no such mode of white space.
    """

    def __init__(
        self,
        template_string: str | bytes,
        name: str = "<string>",
        loader: BaseLoader | None = None,
        compress_whitespace: bool | _Unset = UNSET,
        autoescape: str | _Unset | None = UNSET,
        whitespace: str | None = None,
    ) -> None:
        self.name = name
        self.loader = loader
        self.namespace: dict[str, Any] = loader.namespace if loader else {}
        if compress_whitespace is not UNSET:
            if whitespace is not None:
                raise TypeError("cannot set both whitespace and compress_whitespace")
            whitespace = "single" if compress_whitespace else "all"
        if whitespace is None:
            whitespace = (loader.whitespace if loader else None) or mode_for(name)
        if isinstance(autoescape, _Unset):
            autoescape = loader.autoescape if loader else DEFAULT_AUTOESCAPE
        self.file = parse(
            to_unicode(template_string), name, autoescape=autoescape, whitespace=whitespace
        )
        self.autoescape = self.file.autoescape
        generated = generate(self.file, loader)
        self.code = generated.code
        self.compiled = compile_template(generated, name)
        self._builtin = {
            **NAMESPACE,
            # With these two linecache finds the listing, as it finds the source of a module.
            "__name__": name.replace(".", "_"),
            "__loader__": generated.listing,
        }

    def generate(self, **kwargs: Any) -> bytes:
        """Return the template filled in with the arguments given, as UTF-8.

        Args:
            **kwargs: Names that the template may use. They go before the loader's namespace,
                and that before the names which every template has.

        Raises:
            Exception: Whatever the template's own Python raises. Its traceback shows lines of the
                template.
        """
        namespace = {**self._builtin, **self.namespace, **kwargs}
        exec(self.compiled, namespace)  # noqa: S102
        # Out of the namespace, which is its globals: left in it, the two would be a cycle.
        return namespace.pop(ENTRY)()  # type: ignore[no-any-return]
