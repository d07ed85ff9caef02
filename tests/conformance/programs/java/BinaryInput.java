import java.io.*;
import java.security.MessageDigest;
import java.util.zip.CRC32;

public class BinaryInput {
    public static void main(String[] args) throws Exception {
        byte[] data = System.in.readAllBytes();
        CRC32 crc = new CRC32();
        crc.update(data);
        StringBuilder hex = new StringBuilder();
        for (byte b : MessageDigest.getInstance("SHA-256").digest(data)) hex.append(String.format("%02x", b));
        System.out.println(data.length + " " + Long.toHexString(crc.getValue()) + " " + hex);
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(data));
        System.out.println(in.readInt() + " " + in.readUnsignedShort());
        System.out.write(data, 0, 300);
        System.out.flush();
    }
}
