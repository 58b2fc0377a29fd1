"""Several processes: workers that are forked, and children that a loop waits for.

Door: names only. Workers are in ``_net/worker_processes.py``, children in
``_net/child_process.py``.
"""

from subprocess import CalledProcessError

from whirlwind._base.publish import publish
from whirlwind._net.child_process import Subprocess
from whirlwind._net.worker_processes import cpu_count, fork_processes, task_id

__all__ = ["CalledProcessError", "Subprocess", "cpu_count", "fork_processes", "task_id"]

publish(__name__, globals())
