"""Models: labels, splits and evaluation; the op table with forward and backward; training, calibration and the file.

In the order of use: `labels` says what came, `splits` cuts it by time, `architectures` gives op lists with first tensors, `train` fits
them, `calibrate` makes frequencies of their logits, `evaluate` says how good they are, `description` and `file` keep them. `ops` is the
one table of operations that all of them read; what begins with an underscore is theirs alone.
"""
