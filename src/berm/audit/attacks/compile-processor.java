// id = "compile-processor"
// title = "run code inside javac: an annotation processor that the submission brings along"
// guarantee = "filesystem"
// layers = ["pivot-root", "landlock-fs", "agent"]
// source = ["DMOJ#318", "CVE-2024-28185", "compiler-explorer#6026"]
// stage = "compile"
// needs = ["secret-file", "host-file", "tcp", "java-processor"]
// expect = ["compile_error", "exited:0"]
// bare = "user"
// notes = "The processor reads the secret, connects, starts a daemon, and replaces the artifact by links to host files. Bare it is run by javac itself."
public class Main {
    public static void main(String[] args) {
        System.out.println("HELD the program itself ran");
    }
}
