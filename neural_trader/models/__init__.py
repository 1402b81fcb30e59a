"""Models: labels, splits and evaluation; the op table with forward and backward; training, calibration and the file."""
