import unittest

from tinytools.durations import minutes


class Durations(unittest.TestCase):
    def test_minutes_alone(self):
        self.assertEqual(minutes("45m"), 45)

    def test_hours_and_minutes(self):
        self.assertEqual(minutes("1h30m"), 90)

    def test_hours_alone(self):
        self.assertEqual(minutes("2h"), 120)
