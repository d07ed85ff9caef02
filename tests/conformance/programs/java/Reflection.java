import java.lang.reflect.*;
import java.util.*;

public class Reflection {
    @Deprecated
    public int twice(int x) {
        return 2 * x;
    }

    private static String hidden = "secret";

    public static void main(String[] args) throws Exception {
        Method m = Reflection.class.getMethod("twice", int.class);
        System.out.println(m.invoke(new Reflection(), 21) + " " + m.isAnnotationPresent(Deprecated.class));
        Field f = Reflection.class.getDeclaredField("hidden");
        System.out.println(f.get(null) + " " + Modifier.toString(f.getModifiers()));
        Object proxy = Proxy.newProxyInstance(Reflection.class.getClassLoader(), new Class<?>[] {Comparator.class}, (p, method, a) -> method.getName().length());
        System.out.println(((Comparator<?>) proxy).compare(null, null));
        Class.forName("no.such.Type");
    }
}
