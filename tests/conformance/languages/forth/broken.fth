: main missing-word ;
