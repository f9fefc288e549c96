import unittest

from tinytools.table import table


class Table(unittest.TestCase):
    def test_equal_cells_line_up(self):
        self.assertEqual(table([["a", "b"], ["c", "d"]]), "a  b\nc  d")

    def test_columns_line_up(self):
        self.assertEqual(table([["name", "n"], ["x", "12"]]), "name  n\nx     12")
