"""The live path beside other tools that name expressions, on the same minute. A benchmark, not a test."""
