from comp_core.cli import main

raise SystemExit(main())
