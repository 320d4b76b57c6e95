"""The definitions path: what a submission defines, lifted without running its training."""
