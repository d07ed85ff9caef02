// id = "compile-types-java"
// title = "send javac's type checker into endless recursion"
// guarantee = "cpu"
// layers = ["watchdog", "rlimits"]
// source = ["known: compile bombs"]
// stage = "compile"
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
// notes = "Subtyping in Java is undecidable (Kennedy and Pierce, 2007); javac ends in a stack overflow."
public class Main {
    static class N<Z> {}
    static class C<X> extends N<N<? super C<C<X>>>> {}
    static N<? super C<Byte>> cast(C<Byte> c) { return c; }
    public static void main(String[] args) {
        System.out.println(cast(new C<Byte>()));
    }
}
