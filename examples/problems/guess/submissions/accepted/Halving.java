import java.util.*;

public class Halving {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        for (int low = 1, high = 1000; ; ) {
            int guess = (low + high) / 2;
            System.out.println(guess);
            String answer = in.next();
            if (answer.equals("correct")) return;
            if (answer.equals("lower")) high = guess - 1;
            else low = guess + 1;
        }
    }
}
