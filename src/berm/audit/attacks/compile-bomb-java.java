// id = "compile-bomb-java"
// title = "keep javac busy with types that it must compare again and again"
// guarantee = "cpu"
// layers = ["watchdog", "rlimits"]
// source = ["known: compile bombs"]
// stage = "compile"
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
import java.util.function.Supplier;

public class Main {
    static <T> T pick(Supplier<T> a, Supplier<T> b) { return a.get(); }
    static <T> T pick(Supplier<T> a, Object b) { return a.get(); }
    static <T> T pick(Object a, Supplier<T> b) { return b.get(); }
    static Integer one() { return 1; }
    public static void main(String[] args) {
        Integer x = pick(() -> pick(() -> pick(() -> pick(() -> pick(() -> pick(() -> pick(() -> pick(() -> pick(() -> pick(() -> one(), () -> one()), () -> one()), () -> one()), () -> one()), () -> one()), () -> one()), () -> one()), () -> one()), () -> one()), () -> one());
        System.out.println(x);
    }
}
