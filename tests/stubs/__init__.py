"""Fakes, each tested itself, and builders of realistic histories."""
