"""Run all tests and say in one line how many fail."""

import io
import sys
import unittest

suite = unittest.defaultTestLoader.discover("tests")
log = io.StringIO()
result = unittest.TextTestRunner(stream=log, verbosity=1).run(suite)
bad = len(result.failures) + len(result.errors)
if bad:
    print(log.getvalue().strip())
print(f"{bad} failed, {result.testsRun - bad} passed")
sys.exit(1 if bad else 0)
