import java.io.*;

public class FastOutput {
    public static void main(String[] args) throws IOException {
        BufferedOutputStream out = new BufferedOutputStream(System.out, 1 << 16);
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < 40_000; i++) {
            line.setLength(0);
            line.append(i).append(' ').append(Integer.toBinaryString(i)).append('\n');
            out.write(line.toString().getBytes());
        }
        out.flush();
    }
}
