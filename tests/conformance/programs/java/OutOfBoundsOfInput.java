import java.util.*;

public class OutOfBoundsOfInput {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        System.out.println(in.nextInt());
        System.out.println(in.nextInt());
    }
}
