public class Cells {
    public static void main(String[] args) {
        int n = new java.util.Scanner(System.in).nextInt();
        byte[][] cells = new byte[n][];
        for (int i = 0; i < n; i++) cells[i] = new byte[1 << 20];
        System.out.println(cells.length);
    }
}
