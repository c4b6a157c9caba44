"""A fusion model of your own clips and labels."""
