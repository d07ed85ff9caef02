import java.time.*;
import java.time.format.*;
import java.util.*;

public class DatesUtc {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNext()) {
            LocalDate d = LocalDate.parse(in.next());
            System.out.println(d.getDayOfWeek() + " " + d.plusMonths(1) + " " + d.lengthOfMonth() + " " + d.format(DateTimeFormatter.ofPattern("dd/MM/uuuu")));
        }
        System.out.println(Duration.ofSeconds(3725) + " " + Instant.EPOCH.plusMillis(1500) + " " + ZonedDateTime.of(2024, 3, 31, 1, 30, 0, 0, ZoneId.of("Europe/Berlin")).plusHours(1));
    }
}
