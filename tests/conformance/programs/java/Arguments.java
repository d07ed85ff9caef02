// berm: args ["one", "two words", "", "-Xmx1g", "é"]
public class Arguments {
    public static void main(String[] args) {
        System.out.println(args.length);
        for (String a : args) System.out.println("[" + a + "] " + a.length());
    }
}
