import java.math.*;
import java.util.*;

public class BigNumbers {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        BigInteger a = in.nextBigInteger(), b = in.nextBigInteger();
        System.out.println(a.multiply(b).mod(BigInteger.TWO.pow(127).subtract(BigInteger.ONE)));
        System.out.println(a.gcd(b) + " " + a.modPow(b, BigInteger.valueOf(1_000_003)) + " " + a.isProbablePrime(20));
        BigInteger f = BigInteger.ONE;
        for (int i = 2; i <= 200; i++) f = f.multiply(BigInteger.valueOf(i));
        System.out.println(f.bitLength() + " " + f.toString(36).substring(0, 30));
        BigDecimal third = BigDecimal.ONE.divide(new BigDecimal(3), 40, RoundingMode.HALF_EVEN);
        System.out.println(third + " " + third.setScale(5, RoundingMode.UP) + " " + new BigDecimal("1.10").equals(new BigDecimal("1.1")));
        System.out.println(new BigDecimal(2).sqrt(new MathContext(30)));
    }
}
