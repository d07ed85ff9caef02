// package not.this.one;
package org.example.app;

import java.util.Scanner;

/** public class Decoy { public static void main(String[] a) { } } */
@SuppressWarnings({"unused", "public class Fake {"})
public final class PackagedProgram<T extends Comparable<T>> {
    private static final String TEXT = "public class Other { public static void main(";

    public static void main(String... args) {
        System.out.println(PackagedProgram.class.getName() + " " + PackagedProgram.class.getPackageName());
        System.out.println(new Scanner(System.in).nextLine().toUpperCase() + TEXT.length());
        throw new IllegalArgumentException("qualified trace");
    }
}
