import java.util.*;

public class LcgSimulation {
    public static void main(String[] args) {
        Random random = new Random(new Scanner(System.in).nextLong());
        System.out.println(random.nextInt(1000) + " " + random.nextGaussian() + " " + random.nextBoolean() + " " + random.nextLong());
        int[] faces = new int[13];
        for (int i = 0; i < 36000; i++) faces[random.nextInt(6) + random.nextInt(6) + 2]++;
        System.out.println(Arrays.toString(faces));
        List<Integer> deck = new ArrayList<>();
        for (int i = 0; i < 10; i++) deck.add(i);
        java.util.Collections.shuffle(deck, random);
        System.out.println(deck);
    }
}
