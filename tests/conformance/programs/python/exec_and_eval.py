scope = {}
exec("def triple(x):\n    return 3 * x", scope)
print(scope["triple"](14), eval("sum(range(n))", {"n": 10}))
code = compile("1 +", "<typed>", "eval") if False else compile("a / b", "<typed>", "eval")
print(eval(code, {"a": 7, "b": 2}))
eval(code, {"a": 1, "b": 0})
