import unittest

from tinytools.slug import slug


class Slug(unittest.TestCase):
    def test_spaces_become_dashes(self):
        self.assertEqual(slug("Hello World"), "hello-world")

    def test_punctuation_goes(self):
        self.assertEqual(slug("Hello, World!"), "hello-world")
