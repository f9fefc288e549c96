"""Runs that start by themselves: on changed files, on new commits, on a brief in a folder."""
