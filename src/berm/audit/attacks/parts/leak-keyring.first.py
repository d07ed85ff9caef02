from attack import props, syscall

text = props["canary"].encode()
for ring in (-4, -5):
    try:
        key = syscall("add_key", b"user", ("berm-" + props["token"]).encode(), text, len(text), ring)
        syscall("keyctl", 5, key, 0x3F3F3F3F)
        syscall("keyctl", 15, key, 20)
    except OSError as error:
        print(error)
