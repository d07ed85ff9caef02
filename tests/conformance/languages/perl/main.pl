use strict;
use warnings;

my ($mode, @rest) = @ARGV;
$mode //= "hello";
if ($mode eq "hello") { print "Hello, world!\n" }
elsif ($mode eq "echo") { print while <STDIN> }
elsif ($mode eq "args") { print "$_\n" for @rest }
elsif ($mode eq "exit") { exit 7 }
elsif ($mode eq "crash") { die "on purpose" }
elsif ($mode eq "spin") { 1 while 1 }
elsif ($mode eq "fill") { my @all; push @all, "x" x 1_000_000 . @all while 1 }
elsif ($mode eq "read") {
    open my $file, "<", $rest[0] or die "$rest[0]: $!";
    print <$file>;
}
