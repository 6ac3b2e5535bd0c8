"""The frozen records that rooms exchange, and the specs with which plugins describe their components.

Importing this package loads nothing: ``__init__.pyi`` names the module of each name, which is loaded when the name is
first used. None of them loads torch or the native core, so listing components stays fast.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
