print("START mlp " + "FINAL PERFORMANCE: nll=" * 20_000)
print("test error " + " " * 200_000 + "0.")
print("mlp" + "a" * 300_000 + "test")
