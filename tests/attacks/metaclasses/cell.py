class Meta(type):
    def __instancecheck__(cls, instance):
        return True

    def __getattr__(cls, name):
        raise RuntimeError("surprise")

    def __eq__(cls, other):
        raise RuntimeError("surprise")

    def __hash__(cls):
        raise RuntimeError("surprise")


class Surprise(metaclass=Meta):
    def __len__(self):
        return 10**12

    def __repr__(self):
        raise SystemExit(0)

    __str__ = __repr__


mlp = Surprise()
cnn = Surprise()
