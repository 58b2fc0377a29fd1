"""The three loggers of whirlwind.

Layer: base. Standard library only.

Who logs what:

- ``whirlwind.access`` one line a request; the level follows the status code;
- ``whirlwind.application`` errors in the program's own code (handlers, callbacks);
- ``whirlwind.general`` whirlwind's remarks about itself and about peers.

Nothing here adds a handler to a logger: that is the program's decision, or
``log_options.enable_pretty_logging`` on its behalf.
"""

from __future__ import annotations

import logging
from typing import Final

access_log: Final = logging.getLogger("whirlwind.access")
app_log: Final = logging.getLogger("whirlwind.application")
gen_log: Final = logging.getLogger("whirlwind.general")
