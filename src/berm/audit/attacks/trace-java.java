// id = "trace-java"
// title = "list, inspect and kill other processes from Java, and start programs"
// guarantee = "processes"
// layers = ["pid-namespace", "uid"]
// confined = ["landlock-fs", "uid"]
// source = ["eoj#27"]
// needs = ["bystander"]
// bare = "user"
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Main {
    public static void main(String[] args) {
        Matcher match = Pattern.compile("\"bystander_pid\": *(\\d+)").matcher(args[0]);
        match.find();
        long pid = Long.parseLong(match.group(1));
        List<String> through = new ArrayList<>();
        String refused = "";
        try {
            ProcessHandle.of(pid).ifPresent(other -> {
                through.add("handle " + other.info());
                if (other.destroyForcibly()) through.add("killed");
            });
        } catch (Throwable error) {
            refused += error + " ";
        }
        try {
            long self = ProcessHandle.current().pid();
            long parent = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
            long others = ProcessHandle.allProcesses().filter(p -> p.pid() != self && p.pid() != parent && p.pid() != 1).count();
            if (others > 0) through.add(others + " other processes");
        } catch (Throwable error) {
            refused += error + " ";
        }
        refused = refused.replace('\n', ' ');
        System.out.println(through.isEmpty() ? "HELD nobody seen; " + refused : "ESCAPED " + through.toString().replace('\n', ' '));
    }
}
