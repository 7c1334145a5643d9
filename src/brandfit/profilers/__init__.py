"""Profilers: what an account is about, one class of a few. One file each; the file name is the name."""
