import unittest

from tinytools.retry import retry


class Flaky:
    def __init__(self, failures):
        self.failures = failures

    def __call__(self):
        if self.failures:
            self.failures -= 1
            raise OSError("not yet")
        return "done"


class Retry(unittest.TestCase):
    def test_what_works_is_called_once(self):
        self.assertEqual(retry(Flaky(0)), "done")

    def test_a_second_try_is_made(self):
        self.assertEqual(retry(Flaky(2)), "done")

    def test_the_last_error_is_raised(self):
        with self.assertRaises(OSError):
            retry(Flaky(9))
