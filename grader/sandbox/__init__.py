"""The box: policy to argv, limits, seccomp filter, self-check. One backend per file."""
