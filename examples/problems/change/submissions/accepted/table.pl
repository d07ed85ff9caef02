use strict;
use warnings;
my ($n, $amount) = split ' ', <STDIN>;
my @coins = split ' ', <STDIN>;
my @best = (0);
for my $value (1 .. $amount) {
    for my $coin (@coins) {
        next if $coin > $value || !defined $best[$value - $coin];
        my $ways = $best[$value - $coin] + 1;
        $best[$value] = $ways if !defined $best[$value] || $ways < $best[$value];
    }
}
print defined $best[$amount] ? $best[$amount] : -1, "\n";
