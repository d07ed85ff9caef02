import java.util.*;
import java.util.function.*;

public class NestedAndInner {
    private int counter = 100;

    class Inner {
        int next() {
            return ++counter;
        }
    }

    static class Node<K extends Comparable<K>, V> {
        final K key;
        V value;
        Node<K, V> left, right;

        Node(K key, V value) {
            this.key = key;
            this.value = value;
        }

        Node<K, V> put(K k, V v, BinaryOperator<V> merge) {
            int c = k.compareTo(key);
            if (c == 0) value = merge.apply(value, v);
            else if (c < 0) left = left == null ? new Node<>(k, v) : left.put(k, v, merge);
            else right = right == null ? new Node<>(k, v) : right.put(k, v, merge);
            return this;
        }

        void walk(BiConsumer<K, V> visit) {
            if (left != null) left.walk(visit);
            visit.accept(key, value);
            if (right != null) right.walk(visit);
        }
    }

    public static void main(String[] args) {
        Node<String, Integer> root = null;
        for (String w : new Scanner(System.in).nextLine().split(" "))
            root = root == null ? new Node<>(w, 1) : root.put(w, 1, Integer::sum);
        root.walk((k, v) -> System.out.print(k + "=" + v + " "));
        NestedAndInner outer = new NestedAndInner();
        Inner inner = outer.new Inner();
        System.out.println(inner.next() + inner.next());
        Runnable anonymous = new Runnable() {
            public void run() {
                System.out.println(getClass().getName());
            }
        };
        anonymous.run();
    }
}
