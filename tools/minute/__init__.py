"""Recorded minutes of people acting, replayed through the live session. A benchmark, not a test."""
