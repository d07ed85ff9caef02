import java.io.*;
import java.nio.charset.*;
import java.util.*;

public class UnicodeText {
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            System.out.println(line + " " + line.length() + " " + line.codePointCount(0, line.length()) + " " + line.toUpperCase(Locale.ROOT));
            System.out.println(Arrays.toString(line.getBytes(StandardCharsets.UTF_16BE)).length() + " " + new StringBuilder(line).reverse());
        }
        System.out.println(Charset.defaultCharset() + " " + System.getProperty("file.encoding"));
        System.err.println("ñandú");
    }
}
