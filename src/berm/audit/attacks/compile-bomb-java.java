// id = "compile-bomb-java"
// title = "take javac's memory with constants that it must put together (billion laughs)"
// guarantee = "memory"
// layers = ["cgroup", "rlimits", "watchdog"]
// source = ["known: compile bombs"]
// stage = "compile"
// expect = ["compile_error"]
// bare = ""
// why = "A bomb is never run bare."
public class Main {
    static final String A = "0123456789abcdef0123456789abcdef";
    static final String B = A + A + A + A + A + A + A + A + A + A + A + A + A + A + A + A;
    static final String C = B + B + B + B + B + B + B + B + B + B + B + B + B + B + B + B;
    static final String D = C + C + C + C + C + C + C + C + C + C + C + C + C + C + C + C;
    static final String E = D + D + D + D + D + D + D + D + D + D + D + D + D + D + D + D;
    static final String F = E + E + E + E + E + E + E + E + E + E + E + E + E + E + E + E;
    static final String G = F + F + F + F + F + F + F + F + F + F + F + F + F + F + F + F;
    static final String H = G + G + G + G + G + G + G + G + G + G + G + G + G + G + G + G;
    public static void main(String[] args) {
        System.out.println(H.length());
    }
}
