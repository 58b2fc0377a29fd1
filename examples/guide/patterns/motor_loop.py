"""The Motor loop.

A loop cannot catch what a `yield` in its condition gives, so a cursor parts the two: wait for
`fetch_next`, then take `next_object()`. The server sends three readings at a time.
"""

from examples.guide.pattern import Pattern
from whirlwind import gen


class MotorLoop(Pattern):
    @gen.coroutine
    def get(self):
        condition = {"station": "Lima"}
        if self.fails:  # the server refuses what it does not know
            condition = {"$nonsense": True}
        readings = self.database.readings.find(condition)
        cursor = readings.sort("hour").batch_size(3)
        while (yield cursor.fetch_next):
            reading = cursor.next_object()
            self.write("{hour:02}:00  {wind} m/s\n".format(**reading))
