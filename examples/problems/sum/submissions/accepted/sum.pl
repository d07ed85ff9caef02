use strict;
use warnings;
my $n = <STDIN>;
my $total = 0;
$total += $_ for split ' ', <STDIN>;
printf "%d\n", $total;
