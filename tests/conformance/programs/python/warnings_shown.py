import warnings

warnings.warn("careful", UserWarning)
warnings.warn("old", DeprecationWarning)
for _ in range(2):
    warnings.warn("once per place", RuntimeWarning)
print("done")
