"""The dorsal horn: afferent rates and pain states in, projection rate and pain signal out.

Where recruited shares come from (fibers, thresholds) does not belong here: they arrive as numbers.
"""
