"""What a run was seen to do: optimizers, passes over loaders, nets that were asked, shared rows."""
