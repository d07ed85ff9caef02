import java.io.File;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Collections;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic;

/** An annotation processor as a hostile submission would bring it along, already compiled. */
public class Evil extends AbstractProcessor {
    private static final String SECRET = "@@secret_path@@";
    private static final String HOST_FILE = "@@host_path@@";
    private static final String HOST_FOLDER = "@@host_dir@@";
    private static final int PORT = Integer.parseInt("@@tcp_port@@");

    @Override public Set<String> getSupportedAnnotationTypes() { return Collections.singleton("*"); }
    @Override public SourceVersion getSupportedSourceVersion() { return SourceVersion.latest(); }

    private void say(String text) {
        System.err.println(text);
        processingEnv.getMessager().printMessage(Diagnostic.Kind.WARNING, text);
    }

    @Override public boolean process(Set<? extends TypeElement> types, RoundEnvironment round) {
        if (!round.processingOver()) return false;
        try { say("READ " + new String(Files.readAllBytes(Paths.get(SECRET)))); } catch (Throwable error) { say("refused: " + error); }
        try (Socket socket = new Socket("127.0.0.1", PORT)) { say("connected"); } catch (Throwable error) { say("refused: " + error); }
        try { Files.write(Paths.get(HOST_FOLDER, "planted"), new byte[1]); } catch (Throwable error) { say("refused: " + error); }
        try { new ProcessBuilder("/bin/sh", "-c", "(sleep 30 &) ; sleep 30 &").start(); } catch (Throwable error) { say("refused: " + error); }
        String[] names = {"Main.class", "Main$1.class", "a.out", "stdout", "stderr", "Extra.class", "Deep.class"};
        String[] targets = {SECRET, HOST_FILE, HOST_FILE, HOST_FILE, HOST_FILE, "/proc/self/environ", "/dev/zero"};
        for (int i = 0; i < names.length; i++) {
            Path path = Paths.get(names[i]);
            try { Files.deleteIfExists(path); Files.createSymbolicLink(path, Paths.get(targets[i])); } catch (Throwable error) { say("refused: " + error); }
        }
        try { Files.createDirectory(Paths.get("Folder.class")); } catch (Throwable error) { say("refused: " + error); }
        try { new ProcessBuilder("mkfifo", "Fifo.class").start().waitFor(); } catch (Throwable error) { say("refused: " + error); }
        return false;
    }
}
