"""Clusters for the tests of other programs: the pytest plugin and what its fixtures give."""
