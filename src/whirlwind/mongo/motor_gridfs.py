"""The names that programs take from ``motor.motor_gridfs``.

Door: names only.
"""

# What subclasses of Motor's handlers compute entity tags of their own with.
from whirlwind.mongo.grid_answer import hash_of as _hash_gridout
from whirlwind.mongo.grid_bucket import MotorGridFSBucket as AgnosticGridFSBucket
from whirlwind.mongo.grid_files import MotorGridFS as AgnosticGridFS
from whirlwind.mongo.grid_in import MotorGridIn as AgnosticGridIn
from whirlwind.mongo.grid_out import MotorGridOut as AgnosticGridOut
from whirlwind.mongo.grid_out import MotorGridOutCursor as AgnosticGridOutCursor

__all__ = [
    "AgnosticGridFS",
    "AgnosticGridFSBucket",
    "AgnosticGridIn",
    "AgnosticGridOut",
    "AgnosticGridOutCursor",
    "_hash_gridout",
]
