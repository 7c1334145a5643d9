"""Maps of a function over the threads and processes of this machine.

Here: running a function on many items. Not here: what the function does.
"""
