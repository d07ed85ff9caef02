// id = "net-tcp-java"
// title = "connect to the host's loopback from Java"
// guarantee = "network"
// layers = ["network-namespace", "landlock-net", "seccomp"]
// source = ["CVE-2024-29021"]
// needs = ["tcp"]
// bare = "user"
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Main {
    public static void main(String[] args) {
        Matcher match = Pattern.compile("\"tcp_port\": *(\\d+)").matcher(args[0]);
        match.find();
        int port = Integer.parseInt(match.group(1));
        String refused = "";
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.getOutputStream().write("from the attack".getBytes());
            System.out.println("ESCAPED connected");
            return;
        } catch (Throwable error) {
            refused += error;
        }
        try (SocketChannel channel = SocketChannel.open()) {
            channel.connect(new java.net.InetSocketAddress("127.0.0.1", port));
            System.out.println("ESCAPED connected by a channel");
            return;
        } catch (Throwable error) {
            refused += " " + error;
        }
        System.out.println("HELD " + refused.replace('\n', ' '));
    }
}
