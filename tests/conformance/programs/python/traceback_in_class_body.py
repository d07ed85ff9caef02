class Shape:
    sides = 4
    area = property(lambda self: self.sides**2)
    broken = undefined_name
