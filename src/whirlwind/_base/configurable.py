"""Classes whose constructor picks the class to build.

Layer: base. Standard library only.

Theory of operation
-------------------
A *family* is a base class and its implementations. Calling the base builds the implementation
that was configured, or the default one; calling an implementation builds just that. The choice
and its arguments are stored on the base, one choice a family, under names that are private to
this file, so that a subclass which is itself the base of a smaller family holds its own.

The constructor being a factory means that ``__init__`` would run with arguments that were not
meant for it, so implementations define ``initialize`` instead.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from whirlwind._base.objects import import_object

_Choice: TypeAlias = tuple["type[Configurable] | None", dict[str, Any]]


class Configurable:
    """Base of classes that programs call by one name and configure to be another.

    Subclass it for an interface with several implementations, of which a program chooses one
    for the whole process: override ``configurable_base`` and ``configurable_default`` in the
    interface, and ``initialize`` instead of ``__init__`` in each implementation.
    """

    _configured: _Choice

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        base = cls.configurable_base()
        if cls is base:
            chosen = cls.configured_class()
            kwargs = {**base._save_configuration()[1], **kwargs}
        else:
            chosen = cls
        if chosen.configurable_base() is not base:
            # The implementation is the base of a family of its own, which may choose again.
            return chosen(*args, **kwargs)
        built = super().__new__(chosen)
        # Not __init__, which Python would call again after __new__, with other arguments.
        built.initialize(*args, **kwargs)
        return built

    @classmethod
    def configurable_base(cls) -> type[Configurable]:
        """Return the base of this family; the base itself overrides it to return itself."""
        raise NotImplementedError

    @classmethod
    def configurable_default(cls) -> type[Configurable]:
        """Return the implementation that is built where none was configured."""
        raise NotImplementedError

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Set up a new instance; stands in for ``__init__``.

        Args:
            args: The constructor's positional arguments.
            kwargs: Those given to ``configure``, overlaid with the constructor's own.
        """

    @classmethod
    def configure(cls, impl: type[Configurable] | str | None, **kwargs: Any) -> None:
        """Choose what calling the base builds from now on, in this process.

        Args:
            impl: A subclass, its dotted name, or None for the default.
            kwargs: Arguments that every instance built through the base is given; those of the
                constructor call take precedence.

        Raises:
            ValueError: ``impl`` is not a subclass of the class this was called on.
            ImportError: There is nothing of that name.
        """
        chosen = import_object(impl) if isinstance(impl, str) else impl
        if chosen is not None and not issubclass(chosen, cls):
            raise ValueError(f"Invalid subclass of {cls}: {chosen}")
        cls._restore_configuration((chosen, kwargs))

    @classmethod
    def configured_class(cls) -> type[Configurable]:
        """Return the class that calling the base builds now."""
        base = cls.configurable_base()
        chosen, arguments = base._save_configuration()
        if chosen is None:
            chosen = cls.configurable_default()
            base._restore_configuration((chosen, arguments))
        return chosen

    @classmethod
    def _save_configuration(cls) -> _Choice:
        """Return what was configured, for ``_restore_configuration``; tests use the pair."""
        # Looked up in the base's own namespace: a smaller family inside a larger one must not
        # inherit what was chosen for the larger.
        choice: _Choice = cls.configurable_base().__dict__.get("_configured", (None, {}))
        return choice

    @classmethod
    def _restore_configuration(cls, saved: _Choice) -> None:
        cls.configurable_base()._configured = saved
